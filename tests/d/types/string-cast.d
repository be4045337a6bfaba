BEGIN { this->p = (char *)alloca(8); bcopy("xyz", this->p, 4); printf("%s %s %d\n", stringof(this->p), (string)this->p, strlen(stringof(this->p))); exit(0); }

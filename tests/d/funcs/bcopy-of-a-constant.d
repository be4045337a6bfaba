BEGIN { this->p = (char *)alloca(8); bcopy("hello", this->p, 6); this->p[0] = 'j'; printf("%s\n", stringof(this->p)); exit(0); }

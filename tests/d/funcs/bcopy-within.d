BEGIN { this->p = (char *)alloca(8); bcopy("ab", this->p, 3); this->q = (char *)alloca(8); bcopy(this->p, this->q + 1, 2); this->q[0] = '<'; printf("%s\n", stringof(this->q)); exit(0); }

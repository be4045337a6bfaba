BEGIN { this->p = (char *)alloca(4); this->q = (char *)alloca(4); *(int *)this->p = 0x04030201; *(int *)this->q = 0; bcopy(this->p + 1, this->q + 2, 2); printf("%x\n", *(int *)this->q); exit(0); }

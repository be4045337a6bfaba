BEGIN { this->p = (unsigned char *)alloca(1); x = (*this->p = 300); printf("%d\n", x); exit(0); }

BEGIN { this->p = (char *)alloca(1); this->q = (char *)alloca(1); *this->p = 1; *this->q = 2; printf("%d %d %d\n", *this->p, *this->q, this->p != this->q); exit(0); }

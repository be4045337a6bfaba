BEGIN { this->p = (int *)alloca(8); this->q = this->p + 1; this->q[-1] = 5; printf("%d\n", *this->p); exit(0); }

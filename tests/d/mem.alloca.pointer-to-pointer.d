BEGIN { this->p = (int *)alloca(4); this->pp = (int **)alloca(8); *this->pp = this->p; *this->p = 6; printf("%d\n", **this->pp); exit(0); }

BEGIN { this->p = (int *)alloca(4); *this->p = -7; printf("%d\n", *this->p); exit(0); }

BEGIN { this->p = (char *)alloca(1000); this->p[999] = 7; printf("%d\n", this->p[999]); exit(0); }

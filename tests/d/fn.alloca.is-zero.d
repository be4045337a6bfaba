BEGIN { this->p = (char *)alloca(8); printf("%d %d\n", this->p[0], this->p[7]); exit(0); }

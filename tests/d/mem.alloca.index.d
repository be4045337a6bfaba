BEGIN { this->p = (short *)alloca(8); this->p[0] = 1; this->p[3] = 4; i = 3; printf("%d %d\n", this->p[i], this->p[i - 3]); exit(0); }

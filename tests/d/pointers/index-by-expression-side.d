BEGIN { this->p = (int *)alloca(16); this->p[2] = 5; i = 1; printf("%d %d\n", this->p[i + 1], this->p[++i]); exit(0); }

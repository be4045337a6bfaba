BEGIN { this->p = (int *)alloca(8); this->p[1] = 10; this->p[1] += 5; this->p[1] <<= 2; this->p[1] %= 7; printf("%d\n", this->p[1]); exit(0); }

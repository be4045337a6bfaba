BEGIN { this->p = (int *)alloca(8); this->q = (int *)alloca(8); this->p[0] = 1; this->p[1] = 2; bcopy(this->p, this->q, 8); printf("%d %d\n", this->q[0], this->q[1]); exit(0); }

BEGIN { this->p = (int *)alloca(12); this->p[0] = 1; this->p[1] = 2; this->p[2] = 3; this->p++; x = *this->p; this->p += 1; y = *this->p; this->p--; printf("%d %d %d\n", x, y, *this->p); exit(0); }

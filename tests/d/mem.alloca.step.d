BEGIN { this->p = (char *)alloca(2); *this->p = 127; x = (*this->p)++; y = --this->p[1]; printf("%d %d %d\n", x, *this->p, y); exit(0); }

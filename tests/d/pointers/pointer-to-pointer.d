BEGIN { this->a = (int *)alloca(8); *this->a = 77; this->pp = (int **)alloca(8); *this->pp = this->a; printf("%d %d\n", **this->pp, (*this->pp)[1]); exit(0); }

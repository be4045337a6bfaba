BEGIN { this->p = (int *)alloca(12); this->q = &this->p[2]; *this->q = 8; printf("%d %d\n", this->p[2], this->q - this->p); exit(0); }

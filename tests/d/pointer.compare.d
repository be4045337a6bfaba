BEGIN { this->p = (int *)0x1000; this->q = this->p + 2; printf("%d %d %d %d\n", this->p < this->q, this->p == this->q, this->q - this->p, this->p >= this->q); exit(0); }

BEGIN { this->p = (int *)0; this->q = (int *)8; printf("%d %d %d\n", !this->p, this->q ? 1 : 0, this->p || this->q); exit(0); }

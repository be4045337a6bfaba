BEGIN { this->p = (int *)16; this->q = 1 ? NULL : this->p; printf("%d %d\n", this->q == NULL, sizeof (*this->q)); exit(0); }

/* Computed in the common type, then cut to the variable's. */
BEGIN { this->c = (unsigned char)200; this->c += 100; printf("%d\n", this->c); exit(0); }

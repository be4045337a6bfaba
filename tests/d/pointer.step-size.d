struct s { int a[3]; };
BEGIN { this->p = (struct s *)0x1000; this->p++; this->q = (long *)0x1000; this->q += 3; printf("%x %x\n", (long)this->p, (long)this->q); exit(0); }

BEGIN { this->p = 2 + (short *)0x1000; printf("%x\n", (long)this->p); exit(0); }

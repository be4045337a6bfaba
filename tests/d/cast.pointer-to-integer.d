BEGIN { this->p = (int *)4096; printf("%d %x\n", (int)this->p, (unsigned long)(this->p + 1)); exit(0); }

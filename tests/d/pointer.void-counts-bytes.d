BEGIN { this->p = (void *)0x1000; printf("%x\n", (long)((char *)this->p + 1)); exit(0); }

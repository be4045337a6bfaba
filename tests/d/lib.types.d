BEGIN { this->p = (psinfo_t *)0; printf("%d %d\n", sizeof (cpuinfo_t), sizeof (this->p)); exit(0); }

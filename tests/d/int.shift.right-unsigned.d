BEGIN { printf("%u %x\n", (unsigned int)-8 >> 1, (unsigned long)-1 >> 60); exit(0); }

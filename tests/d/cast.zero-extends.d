BEGIN { printf("%d %x\n", (long)(unsigned char)-1, (unsigned long)(unsigned int)-1); exit(0); }

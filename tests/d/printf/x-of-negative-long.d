BEGIN { printf("%x %X %o\n", -1LL, -255, -1); exit(0); }

BEGIN { printf("%u", (char *)0); exit(0); }

BEGIN { printf("%d %x %u %o\n", (char)-1, (char)-1, (char)-1, (char)-1); exit(0); }

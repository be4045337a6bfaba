BEGIN { printf("%d\n", 1 | 6 ^ 4 & 5); exit(0); }

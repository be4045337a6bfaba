BEGIN { printf("%d %d %d\n", sizeof (1UL), sizeof (1LU), sizeof (1ull)); exit(0); }

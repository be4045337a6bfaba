BEGIN { printf("%d %d %d %d\n", sizeof (int *), sizeof (int [3]), sizeof (int (*)[3]), sizeof (char *[2])); exit(0); }

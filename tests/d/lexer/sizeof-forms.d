BEGIN { x = 1L; printf("%d %d %d %d %d\n", sizeof x, sizeof (x), sizeof (int) * 2, sizeof (int *), sizeof (struct { char c; })); exit(0); }

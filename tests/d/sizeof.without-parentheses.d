BEGIN { x = 1L; printf("%d %d\n", sizeof x, sizeof -x); exit(0); }

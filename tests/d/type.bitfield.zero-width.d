struct f { unsigned a : 3; unsigned : 0; unsigned b : 3; };
BEGIN { printf("%d\n", sizeof (struct f)); exit(0); }

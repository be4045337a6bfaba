char c; int i;
BEGIN { i = c = 300; printf("%d %d\n", i, c); exit(0); }

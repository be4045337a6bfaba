BEGIN { a = b = c = 7; printf("%d %d %d\n", a, b, c); exit(0); }

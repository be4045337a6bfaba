int a, *b, c[3], d[2][2]; string s, t;
BEGIN { a = 1; c[2] = 2; d[1][1] = 3; s = "S"; printf("%d %d %d %s%s\n", a, c[2], d[1][1], s, t); exit(0); }

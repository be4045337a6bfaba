inline int a = 3; inline int b = a * a; inline int c = b - a;
BEGIN { printf("%d %d %d\n", a, b, c); exit(0); }

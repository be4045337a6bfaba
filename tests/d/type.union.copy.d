union u { int i; char c[4]; };
union u a, b;
BEGIN { a.i = 7; b = a; a.i = 8; printf("%d %d\n", b.i, a.i); exit(0); }

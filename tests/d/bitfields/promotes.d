struct b { unsigned a : 4; unsigned b : 4; }; struct b f;
BEGIN { f.a = 15; f.b = 1; printf("%d %d %d\n", f.a + f.b, f.a - f.b * 20, f.a > f.b); exit(0); }

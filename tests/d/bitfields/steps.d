struct b { unsigned a : 2; unsigned b : 6; }; struct b f;
BEGIN { f.a = 3; f.a++; f.b = 1; f.b <<= 3; f.b |= 1; printf("%d %d\n", f.a, f.b); exit(0); }

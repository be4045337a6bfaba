struct b { unsigned a : 3; int b : 3; }; struct b x; BEGIN { printf("%d %d ", x.a = 12, x.b = 12); printf("%d %d %d\n", x.a++, ++x.a, x.a); exit(0); }

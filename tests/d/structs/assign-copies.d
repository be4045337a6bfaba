struct s { int a; char n[4]; }; struct s x; struct s y;
BEGIN { x.a = 1; x.n = "abc"; y = x; x.a = 2; x.n = "z"; printf("%d %s %d %s\n", y.a, y.n, x.a, x.n); exit(0); }

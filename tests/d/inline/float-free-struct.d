struct s { int a; }; struct s g; inline int m = g.a * 2;
BEGIN { g.a = 4; printf("%d\n", m); exit(0); }

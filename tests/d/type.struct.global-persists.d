struct s { int a; int b; };
struct s v;
BEGIN { v.a = 1; }
BEGIN { v.b = v.a + 1; }
BEGIN { printf("%d %d\n", v.a, v.b); exit(0); }

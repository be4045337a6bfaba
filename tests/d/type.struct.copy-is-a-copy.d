struct s { int a; int b; };
struct s v, w;
BEGIN { v.a = 1; v.b = 2; w = v; v.a = 9; printf("%d %d %d\n", w.a, w.b, v.a); exit(0); }

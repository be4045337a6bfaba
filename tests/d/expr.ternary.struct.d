struct s { int a; int b; };
struct s v, w;
BEGIN { v.a = 3; w.a = 5; i = 0; x = i ? v : w; printf("%d %d\n", x.a, (i == 0 ? v : w).a); exit(0); }

struct s { int a; long b; };
struct s v[string]; struct s w;
BEGIN { w.a = 3; w.b = 4; v["k"] = w; w.a = 9; printf("%d %d\n", v["k"].a, v["k"].b); exit(0); }

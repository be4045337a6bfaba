struct s { int n[3]; int last; };
struct s v;
BEGIN { v.n[0] = 1; v.n[2] = 3; v.last = 4; i = 2; printf("%d %d %d %d\n", v.n[0], v.n[1], v.n[i], v.last); exit(0); }

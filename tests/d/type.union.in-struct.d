struct s { int kind; union { int i; char c; } u; };
struct s v;
BEGIN { v.kind = 1; v.u.i = 0x101; printf("%d %d %d\n", v.u.c, v.kind, sizeof (v)); exit(0); }

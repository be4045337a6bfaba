struct s { char c[5]; int i; struct { long l; } in; };
struct s v;
BEGIN { printf("%d %d %d %d\n", sizeof (v.c), sizeof (v.i), sizeof (v.in), sizeof (v)); exit(0); }

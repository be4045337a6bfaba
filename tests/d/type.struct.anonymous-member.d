struct s { int a; struct { int b; int c; }; };
struct s v;
BEGIN { v.c = 5; printf("%d %d %d\n", v.c, offsetof(struct s, c), sizeof (struct s)); exit(0); }

/* A variable of a struct type begins as zeros. */
struct s { int a; long b; char c[4]; };
struct s v;
BEGIN { printf("%d %d [%s]\n", v.a, v.b, v.c); exit(0); }

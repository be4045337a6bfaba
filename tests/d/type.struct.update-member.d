struct s { char c; int i; };
struct s v;
BEGIN { v.c = 127; v.c++; v.i -= 5; v.i *= 3; printf("%d %d %d\n", v.c, v.i, v.i++); printf("%d\n", v.i); exit(0); }

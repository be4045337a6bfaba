struct f { unsigned a : 2, b : 6; };
struct f v;
BEGIN { v.a = 3; x = v.a++; y = v.a; v.b--; printf("%d %d %d\n", x, y, v.b); exit(0); }

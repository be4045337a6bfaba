struct f { int a : 3; int b : 5; };
struct f v;
BEGIN { v.a = 3; v.b = -1; printf("%d %d ", v.a, v.b); v.a = 4; v.b = 15; printf("%d %d\n", v.a, v.b); exit(0); }

struct in { unsigned a : 4, b : 4; }; struct out { int x; struct in i[2]; };
struct out v;
BEGIN { v.i[1].b = 9; v.i[0].a = 3; printf("%d %d %d %d\n", v.i[1].b, v.i[0].a, v.i[0].b, v.i[1].a); exit(0); }

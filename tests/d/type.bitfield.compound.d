struct f { unsigned a : 5, b : 3; };
struct f v;
BEGIN { v.a = 30; v.a += 3; v.b |= 6; v.b ^= 3; printf("%d %d\n", v.a, v.b); exit(0); }

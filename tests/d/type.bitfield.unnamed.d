struct f { unsigned a : 3; unsigned : 5; unsigned b : 8; };
struct f v;
BEGIN { v.a = 7; v.b = 255; printf("%d %d %d\n", v.a, v.b, sizeof (v)); exit(0); }

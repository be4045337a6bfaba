/* Writing one leaves the others. */
struct f { unsigned a : 4, b : 4, c : 8; };
struct f v;
BEGIN { v.a = 5; v.c = 200; v.b = 15; v.b = 0; printf("%d %d %d\n", v.a, v.b, v.c); exit(0); }

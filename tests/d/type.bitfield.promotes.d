/* A bit-field in an expression is an int where int holds it. */
struct f { unsigned a : 4; };
struct f v;
BEGIN { v.a = 15; printf("%d %d\n", v.a + 1, v.a << 4); exit(0); }

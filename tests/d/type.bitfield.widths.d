/* A bit-field holds its width, no more. */
struct f { unsigned a : 1, b : 3, c : 12; };
struct f v;
BEGIN { v.a = 3; v.b = 9; v.c = 4097; printf("%d %d %d %d\n", v.a, v.b, v.c, sizeof (v)); exit(0); }

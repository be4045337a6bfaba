struct f { unsigned a : 3, b : 5; };
struct f v;
BEGIN { v.a = 6; n[v.a] = 1; printf("%d %d\n", n[6], n[7]); exit(0); }

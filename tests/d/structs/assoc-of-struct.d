struct s { int a; int b; }; struct s t[int];
BEGIN { t[5].a = 1; t[5].b = 2; t[6] = t[5]; t[6].b = 9; printf("%d %d %d %d %d\n", t[5].a, t[5].b, t[6].a, t[6].b, t[7].a); exit(0); }

struct s { enum kind { PLAIN, FANCY } k; };
struct s v;
BEGIN { v.k = FANCY; printf("%d %d\n", v.k, v.k == PLAIN); exit(0); }

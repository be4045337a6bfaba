BEGIN { printf("a"); } int k; struct s { int m; }; struct s v; BEGIN { k = 1; v.m = 2; printf("%d%d\n", k, v.m); exit(0); }

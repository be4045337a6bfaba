struct s { int a; } v;
BEGIN { v.a = 3; printf("%d\n", v.a); exit(0); }

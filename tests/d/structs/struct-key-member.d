struct s { int a; char n[8]; }; struct s v;
BEGIN { v.a = 4; v.n = "k"; c[v.n, v.a] = 6; @[v.n, v.a] = count(); printf("%d\n", c["k", 4]); printa("%s %d %@d\n", @); exit(0); }

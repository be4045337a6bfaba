struct s { int a; int b; };
struct s v[int, string];
BEGIN { v[1, "x"].a = 5; v[1, "x"].b = 6; v[2, "x"].a = 7; printf("%d %d %d %d\n", v[1, "x"].a, v[1, "x"].b, v[2, "x"].a, v[2, "y"].a); exit(0); }

struct s { int a, *b, c[2]; } x, y; 
BEGIN { x.c[1] = 3; y.a = 4; printf("%d %d %d\n", x.c[1], y.a, sizeof (x)); exit(0); }

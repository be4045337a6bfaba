struct s { int x; long y; }; struct s v; long *p;
BEGIN { v.x = 3; v.y = -9; p = &v.y; printf("%d\n", *p); exit(0); }

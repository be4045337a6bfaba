struct p { int x; int y; }; struct p a[4];
BEGIN { a[2].y = 5; a[2].y++; a[2].x -= 2; i = 2; printf("%d %d %d\n", a[i].x, a[i].y, a[i - 1].y); exit(0); }

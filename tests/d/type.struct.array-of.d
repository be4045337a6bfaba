struct p { short x; short y; };
struct p v[3];
BEGIN { v[0].x = 1; v[1].y = 2; v[2].x = -3; printf("%d %d %d %d %d\n", v[0].x, v[1].y, v[2].x, v[1].x, sizeof (v)); exit(0); }

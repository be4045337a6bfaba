typedef unsigned short a; typedef a b[3]; typedef struct { b x; } c; c v; BEGIN { v.x[1] = 65537; printf("%d %d\n", v.x[1], sizeof (c)); exit(0); }

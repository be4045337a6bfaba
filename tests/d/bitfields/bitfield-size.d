struct a { int x : 1; }; struct b { char c; int x : 4; int y : 20; }; struct c { unsigned a : 20; unsigned b : 20; };
BEGIN { printf("%d %d %d\n", sizeof (struct a), sizeof (struct b), sizeof (struct c)); exit(0); }

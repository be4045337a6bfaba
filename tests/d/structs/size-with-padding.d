struct a { char c; int i; char d; }; struct b { char c[3]; }; struct c { char c; struct { long l; } m; char e; };
BEGIN { printf("%d %d %d\n", sizeof (struct a), sizeof (struct b), sizeof (struct c)); exit(0); }

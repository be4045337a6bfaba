union u { int a; struct { char c; short s; } b; };
BEGIN { printf("%d %d\n", offsetof(union u, b), sizeof (union u)); exit(0); }

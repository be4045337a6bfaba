struct s { int kind; union { int i; unsigned char b[4]; } u; }; struct s v;
BEGIN { v.u.i = 0x01020304; printf("%d %d %d\n", v.u.b[0], v.u.b[3], sizeof (v)); v.u.b[3] = 0xff; printf("%x\n", v.u.i); exit(0); }

union u { int i; short s[2]; }; union u a; union u b;
BEGIN { a.i = 0x00020001; b = a; b.s[1] = 5; printf("%d %d %x\n", a.s[1], b.s[1], b.i); exit(0); }

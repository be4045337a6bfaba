union u { char c; short s[3]; long l; };
BEGIN { printf("%d %d %d\n", sizeof (union u), offsetof(union u, s), offsetof(union u, l)); exit(0); }

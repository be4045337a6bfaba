const int c; volatile unsigned long v; const char *const p;
BEGIN { v = 5; printf("%d %d %d %d\n", c, v, p == NULL, sizeof (const int)); exit(0); }

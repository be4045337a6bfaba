const int i; volatile char c; const char *const p;
BEGIN { c = 3; printf("%d %d %d\n", i, c, p == NULL); exit(0); }

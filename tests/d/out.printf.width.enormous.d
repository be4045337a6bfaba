/* A field has 65535 columns at most; the value of a `*` is an int, as in C. */
BEGIN { printf("%99999999999999999999d\n%*d\n", 1, 0x7fffffff, 2); }
BEGIN { printf("%*d|%*d|\n", 0x100000003, 3, -2, 4); exit(0); }

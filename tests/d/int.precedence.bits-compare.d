/* == binds tighter than &, as in C. */
BEGIN { printf("%d %d\n", 3 & 2 == 2, (3 & 2) == 2); exit(0); }

/* A hexadecimal constant that no int holds is unsigned. */
BEGIN { printf("%d %d\n", sizeof (0xffffffff), 0xffffffff > 0); exit(0); }

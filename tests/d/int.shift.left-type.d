/* The type of a shift is that of its left operand. */
BEGIN { printf("%d %d %d\n", sizeof (1 << 2L), sizeof (1L << 2), sizeof ((char)1 << 1)); exit(0); }

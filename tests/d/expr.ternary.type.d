/* The usual arithmetic conversions join both results. */
BEGIN { printf("%d %d\n", sizeof (1 ? 1 : 2L), (0 ? 1L : -1) < 0); exit(0); }

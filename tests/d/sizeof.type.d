/* sizeof is a size_t: unsigned, 8 bytes. */
BEGIN { printf("%d %d\n", sizeof (sizeof (int)), sizeof (int) - 5 > 0); exit(0); }

/* The wider operand decides. */
BEGIN { printf("%d %d %d\n", sizeof ((char)1 + 1L), sizeof ((short)1 + (char)1), sizeof (1u + 1L)); exit(0); }

/* With an unsigned operand of the same size both are unsigned. */
BEGIN { printf("%d %d %d %d\n", -1 < 1, -1 < 1u, -1 < 1L, -1L < 1UL); exit(0); }

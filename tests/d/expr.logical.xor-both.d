/* ^^ needs both operands. */
BEGIN { x = 0; y = 1 ^^ (x = 1); printf("%d %d\n", x, y); exit(0); }

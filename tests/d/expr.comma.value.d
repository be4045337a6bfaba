/* The value and the type are the last operand's. */
BEGIN { x = (1, 2L); printf("%d %d\n", x, sizeof ((1, 2L))); exit(0); }

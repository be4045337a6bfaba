/* Only the chosen operand is evaluated. */
BEGIN { x = 0; y = 1 ? 5 : (x = 9); z = 0 ? (x = 8) : 6; printf("%d %d %d\n", x, y, z); exit(0); }

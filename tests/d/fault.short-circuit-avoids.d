/* What is not evaluated cannot fault. */
BEGIN { x = 0; y = x && (1 / x); z = x ? 1 / x : 5; printf("%d %d\n", y, z); exit(0); }

BEGIN { x = -9223372036854775807 - 1; printf("%d %d %d %d\n", x, -x, x - 1, x / 2); exit(0); }

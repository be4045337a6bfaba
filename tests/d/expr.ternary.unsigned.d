BEGIN { x = 1 ? -1 : 0u; printf("%d\n", x > 0); exit(0); }

BEGIN { x = 5; y = x---1; z = 5 - -x; printf("%d %d %d\n", x, y, z); exit(0); }

BEGIN { x = 10000000000; printf("%d %d %d\n", x % 7, -x % 7, x % 4294967296); exit(0); }

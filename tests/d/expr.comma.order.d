BEGIN { x = 1; y = (x = x + 1, x * 10); printf("%d %d\n", x, y); exit(0); }

BEGIN { x = 0; y = 0 && (x = 1); printf("%d %d\n", x, y); exit(0); }

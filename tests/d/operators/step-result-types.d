BEGIN { x = (char)1; y = x++ + x; printf("%d %d\n", x, y); z = --x - x--; printf("%d %d\n", x, z); exit(0); }

BEGIN { x = 1; printf("%d %d\n", x++, x++); printf("%d\n", x); exit(0); }

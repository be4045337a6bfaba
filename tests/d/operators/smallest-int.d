BEGIN { i = -2147483647 - 1; printf("%d %d %d\n", i, -i, i - 1); exit(0); }

BEGIN { printf("%d %d %d\n", 3 > 2 > 1, 1 == 1 == 1, 5 != 5 == 0); exit(0); }

inline int sum = 1 + 2;
BEGIN { printf("%d %d\n", sum * 2, -sum); exit(0); }

enum { ONE = 1, TWO, FOUR = TWO * 2 };
BEGIN { printf("%d %d %d\n", ONE, TWO, FOUR); exit(0); }

enum e { ONE = 1, TWO };
BEGIN { printf("%d %x %d\n", TWO, ONE, (enum e)2); exit(0); }

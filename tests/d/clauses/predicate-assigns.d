BEGIN /(x = 5) == 5/ { printf("%d\n", x); exit(0); }

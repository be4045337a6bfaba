BEGIN { printf("%d %s %x %c\n", 1, "two", 3, 52); exit(0); }

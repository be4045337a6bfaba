BEGIN { i = 5; printf("%s %s %d\n", i < 3 ? "a" : i < 6 ? "b" : "c", i > 3 ? i > 4 ? "d" : "e" : "f", (i ? 1 : 0) ? 2 : 3); exit(0); }

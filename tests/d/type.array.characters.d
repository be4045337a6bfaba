char c[5]; BEGIN { c = "worldwide"; s = c; printf("%s %s %d %c\n", c, s, strlen(c), c[1]); c[0] = 'W'; printf("%s %d %d\n", stringof(c), c == "Worl", c < "X"); exit(0); }

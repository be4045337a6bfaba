char c[6];
BEGIN { c[0] = 'd'; c[1] = 't'; printf("%s %d %d\n", c, strlen(c), c == "dt"); exit(0); }

BEGIN { x = "hello"; y = " world"; z = strjoin(x, y); printf("%s %d %s\n", z, strlen(z), substr(z, index(z, " ") + 1)); exit(0); }

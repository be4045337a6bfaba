BEGIN { s = "abc"; n = strlen(s) == 3 ? index(s, "c") : rindex(s, "a"); printf("%d %s\n", n, strlen(s) > 5 ? substr(s, 1) : strjoin(s, s)); exit(0); }

BEGIN { x = "abcdefghij"; x = strjoin(x, x); x = strjoin(x, x); x = strjoin(x, x); x = strjoin(x, x); x = strjoin(x, x); printf("%d\n", strlen(x)); exit(0); }

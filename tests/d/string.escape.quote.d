BEGIN { s = "a\"b\\c"; printf("%s %d\n", s, strlen(s)); exit(0); }

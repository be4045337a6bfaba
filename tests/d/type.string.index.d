BEGIN { s = "abc"; i = 2; printf("%c %c %d\n", s[0], s[i], s[3]); exit(0); }

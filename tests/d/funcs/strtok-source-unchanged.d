BEGIN { s = "a:b"; t = strtok(s, ":"); printf("%s %s\n", s, t); exit(0); }

BEGIN { printf("%d\n", strlen(strjoin(substr("abcdef", index("xxc", "c")), lltostr(strlen("1234") * strlen("12345"))))); exit(0); }

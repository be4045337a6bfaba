inline char *greeting = "hello";
BEGIN { printf("%s\n", greeting); exit(0); }

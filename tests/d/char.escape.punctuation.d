BEGIN { printf("%d %d %d %d\n", '\\', '\'', '\"', '\?'); exit(0); }

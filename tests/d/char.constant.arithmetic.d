BEGIN { printf("%d %c %d\n", 'a' + 1, 'a' + 1, 'b' - 'a'); exit(0); }

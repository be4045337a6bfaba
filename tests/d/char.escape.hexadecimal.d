BEGIN { printf("%d %d %d\n", '\x41', '\x7f', '\xa'); exit(0); }

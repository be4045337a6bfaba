BEGIN { printf("%d %d %d %d\n", index("aaaa", "aa", 1), index("aaaa", "aa", 3), rindex("aaaa", "aa", 1), rindex("aaaa", "aa", 0)); exit(0); }

int n[u8, string];
BEGIN { n[1, "a"] = 5; printf("%d %d\n", n[1, "a"], n[2, "a"]); exit(0); }

char c[2]; long l[2]; unsigned short s[2];
BEGIN { c[1] = 200; l[1] = -1; s[1] = -1; printf("%d %d %d\n", c[1], l[1], s[1]); exit(0); }

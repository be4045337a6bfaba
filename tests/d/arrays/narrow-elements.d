char c[4]; unsigned short u[2];
BEGIN { c[1] = 200; u[1] = -1; printf("%d %d %d\n", c[1], u[1], c[2]); exit(0); }

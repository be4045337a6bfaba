char c; unsigned short h;
BEGIN { c = 100; c += 100; h = 65535; h++; printf("%d %d ", c, h); h--; c *= 3; printf("%d %d\n", c, h); exit(0); }

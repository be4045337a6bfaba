BEGIN { i = 1; n = 31; l = 1L; printf("%d %d %x %d\n", i << n, (i << n) >> n, l << 40, -256 >> 4); exit(0); }

BEGIN { i = -1; u = 1U; l = -1L; c = (unsigned char)1; printf("%d %d %d %d\n", i < u, l < u, i < c, l < 1UL); exit(0); }

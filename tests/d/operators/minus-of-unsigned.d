BEGIN { printf("%d %u %x %d\n", -1U, -1U, -(unsigned char)1, -5UL); exit(0); }

BEGIN { x = 100; x += 5; x -= 1; x *= 2; x /= 3; x %= 50; x <<= 3; x >>= 1; x |= 3; x &= 0x7e; x ^= 1; printf("%d\n", x); exit(0); }

BEGIN { a = 0xffffffffffffffff; b = 2; u = 4294967295U; printf("%d %d %d %d\n", a / b, a % 10, u / b, u / -1); exit(0); }

short *p;
BEGIN { p = (short *)100; p++; printf("%d ", (int)p); ++p; printf("%d ", (int)p); p--; p += 10; printf("%d ", (int)p); p -= 3; printf("%d\n", (int)p); exit(0); }

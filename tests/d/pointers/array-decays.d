int a[3]; int *p;
BEGIN { a[2] = 9; p = a; printf("%d %d\n", p[2], *(a + 2)); exit(0); }

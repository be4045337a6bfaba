int a[3]; int *p; int *q;
BEGIN { a[0] = 200; a[1] = 400; a[2] = 600; p = &a[0]; q = p + 2; printf("%d %d %d %d %d\n", *p, *(p + 1), p[2], *q, q - p); exit(0); }

int a[3]; int *p;
BEGIN { a[2] = 4; p = &a[2]; } BEGIN { a[2] = 5; } BEGIN { printf("%d %d\n", *p, p == &a[2]); exit(0); }

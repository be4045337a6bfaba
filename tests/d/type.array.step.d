int a[2];
BEGIN { a[1]++; ++a[1]; a[0]--; x = a[1]++; printf("%d %d %d\n", a[0], a[1], x); exit(0); }

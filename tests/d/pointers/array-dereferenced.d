int a[3];
BEGIN { a[0] = 9; printf("%d\n", *a); exit(0); }

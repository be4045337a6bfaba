int a[4];
BEGIN { i = 1; a[i + 1] = 7; a[i] = a[i + 1] * 2; printf("%d %d\n", a[1], a[2]); exit(0); }

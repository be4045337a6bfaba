enum { N = 3 };
int a[N * 2];
BEGIN { a[N + 2] = 1; printf("%d %d\n", a[5], sizeof (a) / sizeof (a[0])); exit(0); }

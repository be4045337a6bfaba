int a[5]; char c[3][2];
BEGIN { printf("%d %d %d %d\n", sizeof (a), sizeof (a[0]), sizeof (c), sizeof (c[0])); exit(0); }

int a[10];
BEGIN { c = (char)3; l = 4L; a[c] = 1; a[l] = 2; a['\5'] = 3; printf("%d%d%d\n", a[3], a[4], a[5]); exit(0); }

BEGIN { a[-1] = 3; i = -1; l = -1L; printf("%d %d %d\n", a[i], a[l], a[0]); exit(0); }

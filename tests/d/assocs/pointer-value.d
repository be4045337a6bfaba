BEGIN { a[1] = (int *)64; a[1]++; printf("%p %d\n", a[1], a[2] == NULL); exit(0); }

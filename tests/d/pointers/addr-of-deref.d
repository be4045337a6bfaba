int *p;
BEGIN { p = (int *)4096; printf("%d %d\n", &*p == p, &p[3] == p + 3); exit(0); }

int *p; int *q;
BEGIN { p = (int *)-8; q = (int *)8; printf("%d %d %d %d\n", p > q, p < q, p >= p, p != q); exit(0); }

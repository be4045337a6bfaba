int *p;
BEGIN { printf("%d %d %d %d\n", p == 0, p == NULL, !p, (long)p); p = (int *)8; printf("%d %d %d\n", p == NULL, !p, p != 0); exit(0); }

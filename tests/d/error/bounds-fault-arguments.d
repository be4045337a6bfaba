int a[4];
BEGIN { i = 4; a[i] = 1; }
ERROR { printf("%d %d\n", arg4, arg5); exit(0); }

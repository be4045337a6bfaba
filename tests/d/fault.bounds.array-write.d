int a[3];
BEGIN { i = 3; a[i] = 1; printf("not reached\n"); }
ERROR { printf("fault %d index %d\n", arg4, arg5); exit(0); }

int a[3];
BEGIN { i = -1; x = a[i]; printf("not reached\n"); }
ERROR { printf("fault %d index %d\n", arg4, arg5); exit(0); }

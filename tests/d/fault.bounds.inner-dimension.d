int a[2][3];
BEGIN { i = 3; x = a[1][i]; printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

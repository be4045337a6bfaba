BEGIN { x = 0; printf("%d\n", 1 / x); }
ERROR { printf("fault %d value %d\n", arg4, arg5); exit(0); }

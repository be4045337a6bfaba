BEGIN { x = 0; y = 1; y %= x; printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

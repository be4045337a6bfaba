BEGIN { x = 0; }
BEGIN /1 / x/ { printf("not reached\n"); }
ERROR { printf("fault %d action %d\n", arg4, arg2); exit(0); }

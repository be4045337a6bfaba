BEGIN { x = 1; y = *(int *)16; }
ERROR { printf("%d %d %d %d %x\n", arg1, arg2, arg3 >= 0, arg4, arg5); exit(0); }

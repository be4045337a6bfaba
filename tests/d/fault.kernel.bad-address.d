BEGIN { x = *(int *)0xffff000000000000; printf("not reached\n"); }
ERROR { printf("fault %d at %x\n", arg4, arg5); exit(0); }

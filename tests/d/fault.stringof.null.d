BEGIN { s = stringof((char *)0); printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

BEGIN { x = copyinstr(0); printf("no\n"); } ERROR { printf("fault %d\n", arg4); exit(0); }

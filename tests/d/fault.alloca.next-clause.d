/* The memory is the clause's: the next one has no part in it. */
BEGIN { p = (int *)alloca(4); *p = 1; printf("first\n"); }
BEGIN { *p = 2; printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

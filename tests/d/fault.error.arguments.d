/* arg1 is the clause, arg2 the action, arg4 the kind, arg5 the value. */
BEGIN { a = 1; }
BEGIN { a = 2; b = *(int *)8; }
ERROR { printf("%d %d %d %d\n", arg1, arg2, arg4, arg5); exit(0); }

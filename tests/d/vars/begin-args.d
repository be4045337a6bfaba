BEGIN { printf("%d %d %d\n", arg1, arg5, arg9); exit(0); }

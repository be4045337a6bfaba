BEGIN { trace("a"); } BEGIN { trace(*(char *)0); } ERROR { printf("%d %d\n", arg1, arg2); exit(0); }

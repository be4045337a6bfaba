BEGIN { trace(stringof((char *)0)); } ERROR { printf("%d %x\n", arg4, arg5); exit(0); }

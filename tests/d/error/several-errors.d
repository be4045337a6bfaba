BEGIN { trace(*(int *)1); } BEGIN { trace(*(int *)2); } ERROR { n++; printf("%d %x\n", n, arg5); } BEGIN { exit(0); }

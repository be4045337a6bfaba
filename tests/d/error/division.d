BEGIN { i = 0; trace(10 % i); } ERROR { printf("%d\n", arg4); exit(0); }

#ifndef linux_x
BEGIN { printf("undefined\n"); exit(0); }
#endif

int *p;
BEGIN { p = (int *)alloca(4); *p = 4; x = *p; printf("%d\n", x); exit(0); }

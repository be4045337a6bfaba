void *v; int *i; char *c;
BEGIN { v = (void *)0x1000; i = v; c = v; v = c + 1; printf("%p %p %p\n", i, c, v); exit(0); }

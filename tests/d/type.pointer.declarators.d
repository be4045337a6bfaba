int (*f)(int); int *p[2]; char (*c)[8]; BEGIN { printf("%d %d %d %d\n", sizeof (f), sizeof (p), sizeof (c), sizeof (*c)); exit(0); }

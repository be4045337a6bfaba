typedef int *intp;
intp p;
BEGIN { p = (intp)alloca(4); *p = 9; printf("%d %d\n", *p, sizeof (intp)); exit(0); }

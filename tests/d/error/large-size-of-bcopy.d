BEGIN { n = 300; this->p = (char *)alloca(8); bcopy("abc", this->p, n); printf("no\n"); }
ERROR { printf("%d %d\n", arg4, arg5); exit(0); }

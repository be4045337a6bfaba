BEGIN { n = -1; this->p = (char *)alloca(8); bcopy("abc", this->p, n); printf("no\n"); }
ERROR { printf("%d %d\n", arg4, (int)arg5); exit(0); }

BEGIN { n = 300; this->p = alloca(n); printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

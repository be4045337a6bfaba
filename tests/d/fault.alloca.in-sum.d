BEGIN { this->p = alloca(200); this->q = alloca(100); printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

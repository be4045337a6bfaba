BEGIN { this->p = (int *)alloca(8); x = this->p[-1]; printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

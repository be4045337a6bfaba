BEGIN { this->p = (char *)alloca(8); x = this->p[8]; printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

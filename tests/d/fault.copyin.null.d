BEGIN { this->p = copyin(0, 8); printf("not reached\n"); }
ERROR { printf("fault %d at %x\n", arg4, arg5); exit(0); }

BEGIN { this->p = (char *)alloca(8); bcopy((char *)0, this->p, 8); printf("not reached\n"); }
ERROR { printf("fault %d at %x\n", arg4, arg5); exit(0); }

/* What alloca() did not give cannot be written: the memory is given in units of 8 bytes. */
BEGIN { this->p = (int *)alloca(8); this->p[2] = 1; printf("not reached\n"); }
ERROR { printf("fault %d\n", arg4); exit(0); }

BEGIN { this->p = (char *)alloca(16); bcopy((void *)curthread->comm, this->p, 16); printf("%d\n", stringof(this->p) == execname); exit(0); }

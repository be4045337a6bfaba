BEGIN { this->p = (char *)alloca(16); bcopy((void *)curthread->comm, this->p, 4); tracemem(this->p, 16, 4); exit(0); }

BEGIN { this->p = (char *)alloca(4); tracemem(this->p, 4, 100); exit(0); }

BEGIN { this->p = (char *)alloca(20); tracemem(this->p, 20); exit(0); }

BEGIN { this->p = (char *)alloca(16); tracemem(this->p, 16, 0); exit(0); }

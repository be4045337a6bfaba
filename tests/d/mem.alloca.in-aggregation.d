BEGIN { this->p = (int *)alloca(8); this->p[1] = 7; @ = max(this->p[1]); printa("%@d\n", @); clear(@); exit(0); }

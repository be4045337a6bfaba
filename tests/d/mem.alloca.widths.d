/* A store takes as many bytes as what is pointed to. */
BEGIN { this->p = (unsigned char *)alloca(8); *(long *)this->p = -1; *(short *)(this->p + 2) = 0; printf("%x %x %x\n", *(int *)this->p, this->p[1], *(unsigned short *)(this->p + 2)); exit(0); }

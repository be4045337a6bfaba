BEGIN { this->p = (char *)alloca(16); bcopy("abcdefgh", this->p, 8); printf("%x\n", *(int *)(this->p + 1)); exit(0); }

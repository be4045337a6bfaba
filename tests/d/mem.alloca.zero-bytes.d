BEGIN { this->p = alloca(0); printf("%d\n", this->p != NULL); exit(0); }

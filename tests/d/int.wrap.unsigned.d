BEGIN { this->u = (unsigned int)0; this->u--; printf("%u\n", this->u); exit(0); }

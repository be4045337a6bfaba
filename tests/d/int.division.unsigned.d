BEGIN { this->u = (unsigned int)-2; printf("%u %u\n", this->u / 2, this->u % 10); exit(0); }

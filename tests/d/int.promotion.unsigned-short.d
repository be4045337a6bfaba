BEGIN { this->s = (unsigned short)65535; printf("%d %d\n", this->s + 1, sizeof (this->s + 1)); exit(0); }

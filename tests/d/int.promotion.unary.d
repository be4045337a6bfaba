BEGIN { this->c = (unsigned char)1; printf("%d %d %d\n", -this->c, ~this->c, sizeof (-this->c)); exit(0); }

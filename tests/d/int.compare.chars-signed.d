BEGIN { this->c = (char)200; this->u = (unsigned char)200; printf("%d %d %d\n", this->c < 0, this->u < 0, this->c == this->u); exit(0); }

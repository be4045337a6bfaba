BEGIN { this->c = (char)127; this->c++; printf("%d\n", this->c); exit(0); }

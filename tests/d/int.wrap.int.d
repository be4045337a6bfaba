BEGIN { this->i = 2147483647; this->i++; printf("%d\n", this->i); exit(0); }

BEGIN { this->l = 9223372036854775807; this->l++; printf("%d\n", this->l); exit(0); }

BEGIN { this->a = (unsigned char *)alloca(6); this->a[0] = 0x80; this->a[5] = 0xa; printf("%s\n", link_ntop(1, this->a)); exit(0); }

BEGIN { this->a = (uint16_t *)alloca(16); this->a[0] = htons(0x2001); this->a[3] = htons(1); this->a[7] = htons(0xab); printf("%s\n", inet_ntop(AF_INET6, this->a)); exit(0); }

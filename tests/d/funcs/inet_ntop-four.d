BEGIN { this->a = (uint32_t *)alloca(4); *this->a = htonl(0x0a000001); printf("%s\n", inet_ntop(AF_INET, this->a)); exit(0); }

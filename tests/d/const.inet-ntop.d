BEGIN { this->a = (ipaddr_t *)alloca(4); *this->a = htonl(0xc0a80102); printf("%s\n", inet_ntop(AF_INET, this->a)); exit(0); }

BEGIN { this->a = (unsigned char *)alloca(4); printf("%s\n", inet_ntoa((ipaddr_t *)this->a)); exit(0); }

BEGIN { this->a = alloca(20); printf("%s\n", link_ntop(1, this->a)); exit(0); }

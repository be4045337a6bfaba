BEGIN { this->a = alloca(16); printf("%s %s\n", inet_ntop(2, this->a), inet_ntop(10, this->a)); exit(0); }

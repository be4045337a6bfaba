BEGIN { printf("[%-06d]\n", 42); exit(0); }

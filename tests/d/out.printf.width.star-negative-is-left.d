BEGIN { printf("[%*d]\n", -8, 42); exit(0); }

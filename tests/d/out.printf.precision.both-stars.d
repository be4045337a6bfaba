BEGIN { printf("[%*.*s]\n", 6, 2, "xyz"); exit(0); }

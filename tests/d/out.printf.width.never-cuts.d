BEGIN { printf("[%2d][%2s]\n", 12345, "abcdef"); exit(0); }

BEGIN { printf("[%wc][%wc]\n", 65, 0xe9); exit(0); }

BEGIN { printf("[%08.3d][%-08d][%08s]\n", 5, 5, "ab"); exit(0); }

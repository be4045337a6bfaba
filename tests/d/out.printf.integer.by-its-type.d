BEGIN { printf("[%d][%d]\n", 4294967295, -1); exit(0); }

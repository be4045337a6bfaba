BEGIN { printf("[%#x][%#o]\n", 0, 0); exit(0); }

BEGIN { printf("[%+d][%+d][%+d]\n", 5, -5, 0); exit(0); }

BEGIN { printf("[%p][%#p][%p]\n", 255, 255, 0); exit(0); }

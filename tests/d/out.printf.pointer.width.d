BEGIN { printf("[%8p][%-8p]\n", 255, 255); exit(0); }

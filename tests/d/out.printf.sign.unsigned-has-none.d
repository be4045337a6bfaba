BEGIN { printf("[%+u][% u][%+x][% o]\n", 5, 5, 5, 5); exit(0); }

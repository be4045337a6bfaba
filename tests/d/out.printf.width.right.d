BEGIN { printf("[%6d][%6x][%6o][%6u]\n", 42, 42, 42, 42); exit(0); }

BEGIN { printf("[%i][%5i]\n", -7, 7); exit(0); }

BEGIN { printf("[%c][%c]\n", 65, 0x7a); exit(0); }

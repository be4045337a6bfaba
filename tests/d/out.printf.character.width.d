BEGIN { printf("[%3c][%-3c]\n", 65, 65); exit(0); }

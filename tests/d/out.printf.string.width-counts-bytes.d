BEGIN { printf("[%4s]\n", "é"); exit(0); }

BEGIN { printf("[%S]\n", "é"); exit(0); }

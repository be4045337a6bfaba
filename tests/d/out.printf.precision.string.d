BEGIN { printf("[%.2s][%5.2s][%-5.2s]\n", "abc", "abc", "abc"); exit(0); }

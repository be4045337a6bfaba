BEGIN { printf("[%s]\n", "né"); exit(0); }

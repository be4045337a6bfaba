BEGIN { printf("[%.*d][%.*s]\n", 4, 7, 1, "xyz"); exit(0); }

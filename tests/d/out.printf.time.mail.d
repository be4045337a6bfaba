BEGIN { printf("[%T]\n", 0L); exit(0); }

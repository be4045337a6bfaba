BEGIN { printf("%G", 1); exit(0); }

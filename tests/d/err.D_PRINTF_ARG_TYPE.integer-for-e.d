BEGIN { printf("%e", 1); exit(0); }

BEGIN { printf("%S", 1); exit(0); }

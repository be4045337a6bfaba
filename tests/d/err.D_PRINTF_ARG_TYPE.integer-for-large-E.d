BEGIN { printf("%E", 1); exit(0); }

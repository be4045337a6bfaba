BEGIN { printf("%n", 1); exit(0); }

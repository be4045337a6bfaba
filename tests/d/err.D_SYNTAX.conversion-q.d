BEGIN { printf("%q", 1); exit(0); }

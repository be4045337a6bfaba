BEGIN { printf("%T", 5); exit(0); }

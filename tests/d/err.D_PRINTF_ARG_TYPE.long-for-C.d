BEGIN { printf("%C", 65L); exit(0); }

BEGIN { printf("%c", 65L); exit(0); }

BEGIN { printf("%wc", 65L); }

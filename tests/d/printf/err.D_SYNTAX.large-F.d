BEGIN { printf("%F", 1); }

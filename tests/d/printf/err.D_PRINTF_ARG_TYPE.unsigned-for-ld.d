BEGIN { printf("%ld", timestamp); }

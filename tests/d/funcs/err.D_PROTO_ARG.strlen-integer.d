BEGIN { strlen(5); }

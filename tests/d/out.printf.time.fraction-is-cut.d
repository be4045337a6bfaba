BEGIN { printf("[%Y]\n", 1999999999L); exit(0); }

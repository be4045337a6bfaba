BEGIN { printf("[%Y]\n", 0L); exit(0); }

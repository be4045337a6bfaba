BEGIN { printf("[%-#8x]\n", 255); exit(0); }

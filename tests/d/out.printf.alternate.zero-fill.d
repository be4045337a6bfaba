BEGIN { printf("[%#08x]\n", 255); exit(0); }

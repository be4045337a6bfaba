BEGIN { printf("[%c]\n", 0x141); exit(0); }

BEGIN { printf("left out\n"); exit(0); }

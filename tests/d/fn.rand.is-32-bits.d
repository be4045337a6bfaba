BEGIN { printf("[%d]", rand() >= 0); printf("[%d]", rand() <= 4294967295); printf("\n"); exit(0); }

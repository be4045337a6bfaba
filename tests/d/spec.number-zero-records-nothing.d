BEGIN { speculate(0); printf("never\n"); } BEGIN { printf("next\n"); exit(0); }

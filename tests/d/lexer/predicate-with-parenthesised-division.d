BEGIN / (10 / 2) == 5 / { printf("d\n"); exit(0); }

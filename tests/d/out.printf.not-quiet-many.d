BEGIN { printf("a"); printf("%d", 1); printf("b"); exit(0); }

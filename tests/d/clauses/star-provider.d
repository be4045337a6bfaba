*:::BEGIN { printf("b\n"); exit(0); }

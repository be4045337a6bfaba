BEGIN { printf("one two\n"); exit(0); }

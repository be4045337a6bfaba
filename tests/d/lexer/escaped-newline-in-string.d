BEGIN { printf("two\
lines\n"); exit(0); }

BEGIN { i = 5; } int i; BEGIN { printf("%d\n", i); exit(0); }

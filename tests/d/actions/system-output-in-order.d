BEGIN { printf("a\n"); system("echo %s-%d", "b", 3); printf("c\n"); exit(0); }

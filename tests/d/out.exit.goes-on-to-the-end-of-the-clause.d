BEGIN { exit(3); printf("same clause\n"); }

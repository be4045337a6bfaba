BEGIN { printf("[%d]", strchr("abc", 122) == NULL); printf("[%d]", strchr("abc", 97) == NULL); printf("\n"); exit(0); }

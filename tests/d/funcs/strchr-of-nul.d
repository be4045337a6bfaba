BEGIN { printf("%d %d\n", strlen(strchr("abc", 0)), strchr("abc", 'x') == NULL); exit(0); }

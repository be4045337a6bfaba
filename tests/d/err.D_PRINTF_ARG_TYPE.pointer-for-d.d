BEGIN { printf("%d", (char *)0); exit(0); }

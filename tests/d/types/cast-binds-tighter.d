BEGIN { printf("%d %d %d\n", (char)1 + 255, (char)255 + 1, -(char)128); exit(0); }

BEGIN { printf("no conversions here\n"); exit(0); }

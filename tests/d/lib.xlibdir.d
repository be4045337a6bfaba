BEGIN { printf("%d\n", (int)(FAR + origin->y)); exit(0); }

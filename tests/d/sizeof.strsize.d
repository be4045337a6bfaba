BEGIN { printf("%d\n", sizeof (string)); exit(0); }

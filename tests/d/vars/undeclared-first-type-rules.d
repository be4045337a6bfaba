BEGIN { c = (char)1; c = 300; printf("%d %d\n", c, sizeof (c)); exit(0); }

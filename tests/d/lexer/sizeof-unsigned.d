BEGIN { printf("%d %d\n", -sizeof (int) > 0, sizeof (sizeof (int))); exit(0); }

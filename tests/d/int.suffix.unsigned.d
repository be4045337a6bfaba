BEGIN { printf("%d %d %d\n", sizeof (1U), sizeof (4294967295u), sizeof (4294967296u)); exit(0); }

BEGIN { printf("%d %d %d %d\n", sizeof (1L), sizeof (1l), sizeof (1LL), sizeof (1ll)); exit(0); }

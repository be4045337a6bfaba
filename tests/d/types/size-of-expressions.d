BEGIN { printf("%d %d %d %d %d\n", sizeof ((char)1 + (char)1), sizeof (1 + 1L), sizeof (1 == 1L), sizeof ('a'), sizeof (!1L)); exit(0); }

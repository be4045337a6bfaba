BEGIN { printf("%d %d %d %d %d %d\n", sizeof (signed char), sizeof (long int), sizeof (long long unsigned int), sizeof (short unsigned), sizeof (unsigned), sizeof (signed)); exit(0); }

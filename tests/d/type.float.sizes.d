BEGIN { printf("%d %d %d %d\n", sizeof (float), sizeof (double), sizeof (long double), sizeof (double *)); exit(0); }

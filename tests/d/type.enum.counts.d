enum e { A, B, C = 10, D, E = -1, F };
BEGIN { printf("%d %d %d %d %d %d\n", A, B, C, D, E, F); exit(0); }

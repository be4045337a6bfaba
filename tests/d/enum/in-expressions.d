enum e { A = 2, B = A * 3 + 1, C = sizeof (int) };
BEGIN { printf("%d %d %d\n", A + B, B / A, C); exit(0); }

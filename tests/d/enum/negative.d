enum e { N = -3, M, O, P, Q = 'a', R = 1 << 4, S = R | 1 };
BEGIN { printf("%d %d %d %d %d %d %d\n", N, M, O, P, Q, R, S); exit(0); }

enum e { A = -2, B, C = sizeof (long) << 2, D = C + B * 2 }; enum e v; BEGIN { v = D; printf("%d %d %d %d %d\n", A, B, C, v, sizeof (enum e)); exit(0); }

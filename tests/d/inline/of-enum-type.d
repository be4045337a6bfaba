enum e { X = 4 }; inline enum e k = X;
BEGIN { printf("%d\n", k + 1); exit(0); }

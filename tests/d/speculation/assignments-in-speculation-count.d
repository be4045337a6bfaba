BEGIN { s = speculation(); } BEGIN { speculate(s); x = 5; printf("gone\n"); } BEGIN { discard(s); printf2 = x; } BEGIN { printf("%d\n", x); exit(0); }

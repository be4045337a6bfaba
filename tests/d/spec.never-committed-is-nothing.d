BEGIN { s = speculation(); } BEGIN { speculate(s); printf("never\n"); } BEGIN { exit(0); }

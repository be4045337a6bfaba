BEGIN { s = speculation(); } BEGIN { speculate(s); printf("x\n"); } BEGIN { discard(s); } BEGIN { commit(s); } BEGIN { exit(0); }

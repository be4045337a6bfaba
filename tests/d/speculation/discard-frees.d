BEGIN { s = speculation(); } BEGIN { speculate(s); printf("x\n"); } BEGIN { discard(s); } BEGIN { exit(0); } END { printf("end\n"); }

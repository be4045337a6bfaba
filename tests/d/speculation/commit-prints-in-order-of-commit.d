BEGIN { i = speculation(); } BEGIN { speculate(i); printf("a%d\n", ++n); } BEGIN { printf("b%d\n", ++n); } BEGIN { commit(i); } BEGIN { printf("c%d\n", ++n); exit(0); }

#pragma D option nspec=2
BEGIN { a = speculation(); b = speculation(); } BEGIN { speculate(a); printf("A\n"); } BEGIN { speculate(b); printf("B\n"); } BEGIN { commit(b); } BEGIN { commit(a); } BEGIN { exit(0); }

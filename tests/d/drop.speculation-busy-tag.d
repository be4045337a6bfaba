/* What was committed is busy until it was read. */
BEGIN { a = speculation(); }
BEGIN { speculate(a); printf("kept\n"); }
BEGIN { commit(a); }
BEGIN { b = speculation(); printf("%d\n", b); exit(0); }

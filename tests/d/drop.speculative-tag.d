/* A speculation has room for one of these records. */
BEGIN { a = speculation(); }
BEGIN { speculate(a); printf("%d\n", 1); tracemem(curthread, 32, 0); }
BEGIN { speculate(a); printf("%d\n", 2); tracemem(curthread, 32, 0); }
BEGIN { speculate(a); printf("%d\n", 3); tracemem(curthread, 32, 0); }
BEGIN { commit(a); }
BEGIN { exit(0); }

/* A fault in ERROR itself is a double error: counted, not reported again. */
BEGIN { x = *(int *)0; }
ERROR { y = *(int *)0; printf("not reached\n"); }
BEGIN { exit(0); }

BEGIN { exit(5); x = *(int *)0; }
ERROR { printf("e\n"); exit(6); }

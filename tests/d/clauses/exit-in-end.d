BEGIN { exit(0); } END { printf("e\n"); exit(7); }

BEGIN { exit(0); } END { printf("the end\n"); }

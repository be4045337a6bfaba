BEGIN { exit(4); } BEGIN { printf("second\n"); } END { printf("end\n"); }

BEGIN { printf("[%06.3d]\n", 5); exit(0); }

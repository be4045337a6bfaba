BEGIN { printf("[%.3d][%.3d][%.3x][%.3o]\n", 5, -5, 10, 8); exit(0); }

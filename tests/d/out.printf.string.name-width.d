BEGIN { printf("[%8s][%-8s][%.2s]\n", probename, probename, probename); exit(0); }

/* A clause that faults shows nothing of what it recorded before. */
BEGIN { printf("recorded\n"); x = 0; y = 1 / x; }
BEGIN { printf("next\n"); exit(0); }

BEGIN { printf("[%u][%x][%o]\n", (char)-1, (short)-1, (char)-1); exit(0); }

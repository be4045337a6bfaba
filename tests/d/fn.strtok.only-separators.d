BEGIN { printf("[%s]\n", strtok(",;,", ",;")); exit(0); }

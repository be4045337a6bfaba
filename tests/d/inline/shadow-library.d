inline int SIGKILL = 99;
BEGIN { printf("%d\n", SIGKILL); exit(0); }

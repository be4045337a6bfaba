BEGIN { printf("%d %d\n", (long *)64 - (long *)0, (char *)5 - (char *)9); exit(0); }

BEGIN { trace(*(int *)8); } BEGIN { printf("on\n"); exit(2); }

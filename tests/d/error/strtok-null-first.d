BEGIN { x = strtok(NULL, ","); printf("[%s] %d\n", x, x == NULL); exit(0); }
ERROR { printf("fault %d\n", arg4); exit(0); }

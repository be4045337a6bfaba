BEGIN { system("exit 3"); printf("on\n"); exit(0); }

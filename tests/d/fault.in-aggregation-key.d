BEGIN { x = 0; @[1 / x] = count(); }
BEGIN { printf("goes on\n"); exit(0); }

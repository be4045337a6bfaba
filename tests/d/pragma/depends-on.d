#pragma D depends_on provider dtrace
BEGIN { printf("x\n"); exit(0); }

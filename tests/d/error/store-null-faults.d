BEGIN { *(int *)0 = 1; printf("no\n"); }
BEGIN { printf("next\n"); exit(0); }

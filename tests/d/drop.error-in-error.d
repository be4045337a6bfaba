ERROR { printf("once\n"); }
ERROR { x = *(int *)0; }
BEGIN { x = *(int *)8; }
BEGIN { exit(0); }

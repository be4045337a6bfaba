BEGIN { x = *(char *)0; }
ERROR { n++; }
ERROR /n == 1/ { printf("second\n"); exit(0); }

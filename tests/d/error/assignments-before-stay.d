BEGIN { x = 7; self->y = 8; z = *(int *)0; x = 9; } ERROR { printf("%d %d %d\n", x, self->y, z0 = 3); exit(0); }

BEGIN { printf("%d %d %d\n", origin->x == pid, origin->y, sizeof (point_t)); exit(0); }

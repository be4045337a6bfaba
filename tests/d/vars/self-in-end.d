BEGIN { self->v = 4; exit(0); } END { printf("%d\n", self->v); }

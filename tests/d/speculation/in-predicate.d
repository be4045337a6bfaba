BEGIN { self->s = speculation(); } BEGIN /self->s/ { speculate(self->s); printf("p\n"); } BEGIN /self->s/ { commit(self->s); self->s = 0; } BEGIN /!self->s/ { exit(0); }

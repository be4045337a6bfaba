BEGIN { self->s = "a"; self->s = 0; printf("[%s] %d\n", self->s, self->s == 0); exit(0); }

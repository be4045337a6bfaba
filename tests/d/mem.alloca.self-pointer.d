self int *p;
BEGIN { self->p = (int *)alloca(4); *self->p = 4; printf("%d\n", *self->p); exit(0); }

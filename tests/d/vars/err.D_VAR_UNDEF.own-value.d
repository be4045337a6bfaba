BEGIN { self->x = self->x + 1; }

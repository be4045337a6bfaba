BEGIN { self->x = "s"; self->x = 2; }

BEGIN { self->x = "a"; --self->x; }

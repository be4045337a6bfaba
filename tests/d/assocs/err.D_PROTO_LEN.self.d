BEGIN { self->a[1, "x"] = 2; self->a[1] = 1; }

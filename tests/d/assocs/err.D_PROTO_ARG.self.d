BEGIN { self->a[1] = 2; self->a["x"] = 3; }

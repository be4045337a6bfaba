BEGIN { x = 1; self->x = "s"; this->x = (char)3; @x[x] = sum(this->x); printf("%d %s %d\n", x, self->x, this->x); printa("%@d\n", @x); exit(0); }

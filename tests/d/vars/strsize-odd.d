#pragma D option strsize=5
BEGIN { s = "abcdefgh"; a[1] = s; self->t = "uvwxyz"; printf("%s %s %s\n", s, a[1], self->t); exit(0); }

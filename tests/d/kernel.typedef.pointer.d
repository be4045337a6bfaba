BEGIN { this->p = (u16 *)alloca(4); this->p[1] = -1; printf("%d %d\n", this->p[1], sizeof (u16 *)); exit(0); }

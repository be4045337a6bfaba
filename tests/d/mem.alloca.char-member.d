struct s { char c[4]; int x; };
BEGIN { this->p = (struct s *)alloca(8); this->p->x = 5; this->p->c = "longer"; printf("%s %d\n", this->p->c, this->p->x); exit(0); }

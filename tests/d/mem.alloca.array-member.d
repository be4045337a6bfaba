struct s { int n[4]; };
BEGIN { this->p = (struct s *)alloca(16); this->p->n[3] = 9; i = 3; this->p->n[i]++; printf("%d\n", this->p->n[3]); exit(0); }

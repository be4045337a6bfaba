struct s { int n; int v[3]; };
BEGIN { this->p = (struct s *)alloca(sizeof (struct s)); this->p->v[2] = 8; this->p->n = this->p->v[2] * 2; printf("%d %d\n", this->p->n, this->p->v[1]); exit(0); }

struct s { int a; struct { short b; char c; } in; };
BEGIN { this->p = (struct s *)alloca(sizeof (struct s)); this->p->in.b = -5; this->p->in.c = 'x'; printf("%d %c %d\n", this->p->in.b, this->p->in.c, this->p->a); exit(0); }

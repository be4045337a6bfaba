struct in { int v; }; struct s { struct in i; struct in *p; };
BEGIN { this->q = (struct in *)alloca(sizeof (struct in)); this->s = (struct s *)alloca(sizeof (struct s)); this->s->p = this->q; this->s->p->v = 3; this->s->i.v = 4; printf("%d %d %d\n", this->q->v, (*this->s).i.v, (*(*this->s).p).v); exit(0); }

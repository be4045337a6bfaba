struct s { int a; int b; };
BEGIN { this->p = (struct s *)alloca(sizeof (struct s)); this->q = &this->p->b; *this->q = 3; printf("%d\n", this->p->b); exit(0); }

struct f { unsigned a : 3, b : 5; int c; };
BEGIN { this->p = (struct f *)alloca(16); this->p->a = 5; this->p->b = 17; this->p[1].b = 31; this->p[1].b++; printf("%d %d %d\n", this->p->a, this->p->b, this->p[1].b); exit(0); }

struct s { int a; char n[4]; };
struct s v;
BEGIN { this->p = (struct s *)alloca(16); v.a = 1; v.n = "abc"; *this->p = v; this->p[1] = *this->p; this->p->a = 2; printf("%d %s %d\n", this->p[1].a, this->p[1].n, this->p->a); exit(0); }

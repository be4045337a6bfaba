/* A struct may be declared before it is defined. */
struct later;
struct earlier { struct later *l; };
struct later { int n; };
BEGIN { this->e = (struct earlier *)alloca(8); this->l = (struct later *)alloca(4); this->l->n = 6; this->e->l = this->l; printf("%d\n", this->e->l->n); exit(0); }

struct in { int a; int z; }; struct out { int b; char n[4]; };
translator struct out < struct in *i > { b = i->a + 1; n = "abc"; };
BEGIN { this->p = (struct in *)alloca(8); this->p->a = 9; this->o = xlate < struct out > (this->p); printf("%d %s\n", this->o.b, this->o.n); exit(0); }

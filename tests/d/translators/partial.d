struct in { int a; }; struct out { int b; int c; };
translator struct out < struct in *i > { b = i->a; };
BEGIN { this->p = (struct in *)alloca(4); this->p->a = 9; printf("%d\n", (xlate < struct out > (this->p)).b); exit(0); }

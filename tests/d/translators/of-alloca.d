struct in { int a; long b; }; struct out { int sum; string kind; };
translator struct out < struct in *i > { sum = i->a + i->b; kind = i->a > 1 ? "big" : "small"; };
BEGIN { this->p = (struct in *)alloca(sizeof (struct in)); this->p->a = 2; this->p->b = 3; printf("%d %s\n", xlate < struct out > (this->p).sum, xlate < struct out * > (this->p)->kind); exit(0); }

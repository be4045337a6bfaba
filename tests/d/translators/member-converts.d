struct in { int a; }; struct out { char c; unsigned short u; long l; };
translator struct out < struct in *i > { c = i->a; u = i->a; l = i->a; };
BEGIN { this->p = (struct in *)alloca(4); this->p->a = -1; printf("%d %d %d\n", xlate < struct out > (this->p).c, xlate < struct out > (this->p).u, xlate < struct out > (this->p).l); exit(0); }

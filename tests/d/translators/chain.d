struct a { int v; }; struct b { int v; }; struct c { int v; };
translator struct b < struct a *x > { v = x->v * 2; };
translator struct c < struct a *x > { v = xlate < struct b > (x).v + 1; };
BEGIN { this->p = (struct a *)alloca(4); this->p->v = 5; printf("%d\n", xlate < struct c > (this->p).v); exit(0); }

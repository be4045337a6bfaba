struct s { int a; string n; };
self struct s v;
BEGIN { self->v.a = 7; self->v.n = "me"; printf("%d %s\n", self->v.a, self->v.n); }
BEGIN { self->v.a++; printf("%d\n", self->v.a); exit(0); }

struct s { int n; string t; }; self struct s v; BEGIN { self->v.n = 3; self->v.t = "text"; } BEGIN { self->v.n *= 2; printf("%d %s\n", self->v.n, self->v.t); exit(0); }

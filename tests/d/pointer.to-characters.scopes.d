struct named { char *name; int x; };
struct named v;
self char *p;
this char *q;
BEGIN { self->p = "one"; this->q = strjoin("t", "wo"); v.name = "three"; }
BEGIN { printf("%s %d %s\n", stringof(self->p), self->p == "one", stringof(v.name)); }
BEGIN { this->q = strjoin("t", "wo"); printf("%s\n", stringof(this->q)); exit(0); }

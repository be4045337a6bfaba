struct s { int a; char b; };
this struct s v;
BEGIN { this->v.a = 70000; this->v.b = 'x'; printf("%d %c\n", this->v.a, this->v.b); exit(0); }

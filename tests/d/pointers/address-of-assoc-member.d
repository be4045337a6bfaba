struct s { int a; int b; }; struct s t[int];
BEGIN { t[1].b = 9; this->p = &t[1].b; printf("%d\n", *this->p); exit(0); }

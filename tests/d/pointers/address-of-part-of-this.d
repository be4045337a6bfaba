this int a[3]; this struct { int x; int y; } s; int *p;
BEGIN { this->a[1] = 6; this->p = &this->a[1]; this->s.y = 4; this->q = &this->s.y; printf("%d %d\n", *this->p, *this->q); p = &this->a[1]; i = 2; this->a[i] = 9; this->r = &this->a[i]; printf("%d %d\n", *this->r, *p); exit(0); }

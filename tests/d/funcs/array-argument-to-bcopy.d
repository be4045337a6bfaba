int a[3];
BEGIN { a[1] = 7; this->p = (int *)alloca(12); bcopy(a, this->p, 12); printf("%d\n", this->p[1]); exit(0); }

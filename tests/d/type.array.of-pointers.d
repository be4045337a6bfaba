int *a[2];
BEGIN { this->p = (int *)alloca(8); this->p[0] = 3; this->p[1] = 4; a[1] = this->p + 1; a[0] = this->p; printf("%d %d %d\n", *a[0], *a[1], sizeof (a)); exit(0); }

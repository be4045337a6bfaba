self int a[3]; 
BEGIN { self->a[1] = 7; this->p = &self->a[1]; printf("%d\n", *this->p); exit(0); }

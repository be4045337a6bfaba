/* What a predicate takes, its clause has. */
BEGIN /(this->p = (int *)alloca(4)) != NULL/ { *this->p = 4; printf("%d\n", *this->p); exit(0); }

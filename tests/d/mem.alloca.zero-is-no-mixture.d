/* NULL may be kept where memory is. */
BEGIN { this->p = (int *)alloca(4); *this->p = 1; this->p = NULL; printf("%d\n", this->p == 0); exit(0); }

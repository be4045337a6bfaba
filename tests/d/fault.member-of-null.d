struct s { int a; int b; };
BEGIN { this->p = (struct s *)0; x = this->p->b; printf("not reached\n"); }
ERROR { printf("fault %d at %x\n", arg4, arg5); exit(0); }

struct s { int a, b; }; BEGIN { p = (struct s *)NULL; trace(p->b); } ERROR { printf("fault %d\n", arg4); exit(0); }

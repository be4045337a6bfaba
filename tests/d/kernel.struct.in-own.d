struct s { int a; struct list_head l; };
BEGIN { printf("%d %d\n", sizeof (struct s), offsetof(struct s, l)); exit(0); }

struct s { char c; int a[3]; short t; };
BEGIN { printf("%d %d %d\n", offsetof(struct s, a), offsetof(struct s, t), sizeof (offsetof(struct s, a))); exit(0); }

struct s { char a; short b; union { int c; long d; } e; }; BEGIN { printf("%d %d %d\n", offsetof(struct s, b), offsetof(struct s, e), sizeof (struct s)); exit(0); }

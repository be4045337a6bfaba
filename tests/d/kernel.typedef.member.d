struct s { u8 a; u32 b; bool c; };
BEGIN { printf("%d %d %d\n", sizeof (struct s), offsetof(struct s, b), offsetof(struct s, c)); exit(0); }

struct s { char c; long l; short h; };
BEGIN { printf("%d %d\n", (int)&((struct s *)0)->l, (int)&((struct s *)NULL)->h); exit(0); }

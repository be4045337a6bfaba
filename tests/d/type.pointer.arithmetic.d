struct s { int a; long b; }; BEGIN { p = (struct s *)0x1000; printf("%x %x %d %x %x\n", (long)(p + 2), (long)&p->b, (p + 5) - p, (long)&p[3].b, (long)((char *)p + 1)); exit(0); }

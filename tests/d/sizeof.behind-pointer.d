struct s { int a; long b; };
struct s *p;
BEGIN { printf("%d %d %d %d\n", sizeof (p), sizeof (*p), sizeof (p->a), sizeof (p->b)); exit(0); }

struct in { int v[2]; }; struct out { int x; struct in i; }; struct out g; struct in *p;
BEGIN { g.i.v[1] = 8; p = &g.i; printf("%d %d\n", p->v[1], (long)p - (long)&g.x); exit(0); }

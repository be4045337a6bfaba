struct in { int v; }; struct out { int v; struct in i; struct in j[2]; }; struct out o;
BEGIN { o.v = 1; o.i.v = 2; o.j[1].v = 3; printf("%d %d %d %d\n", o.v, o.i.v, o.j[0].v, o.j[1].v); exit(0); }

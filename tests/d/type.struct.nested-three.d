struct in { int x; }; struct mid { struct in i; int y; }; struct out { struct mid m; int z; };
struct out o;
BEGIN { o.m.i.x = 1; o.m.y = 2; o.z = 3; printf("%d%d%d %d\n", o.m.i.x, o.m.y, o.z, sizeof (o)); exit(0); }

struct in { char c; short s; }; struct out { long l; struct in i; int a[3]; };
BEGIN { printf("%d %d %d\n", offsetof(struct out, i), offsetof(struct out, a), sizeof (struct out)); exit(0); }

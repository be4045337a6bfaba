int *(*f)(int, char *); int (*a)[3]; char *b[4];
BEGIN { printf("%d %d %d %d\n", sizeof (f), sizeof (a), sizeof (b), sizeof (*a)); exit(0); }

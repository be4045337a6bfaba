typedef int (*callback)(int, char *);
callback f;
BEGIN { f = (callback)0; printf("%d %d\n", f == NULL, sizeof (callback)); exit(0); }

/* A pointer to char takes a string; a constant stays where it is. */
char *p;
BEGIN { p = "hello"; printf("%s %c\n", stringof(p), p[1]); }
BEGIN { printf("%s %d\n", stringof(p + 1), *p == 'h'); exit(0); }

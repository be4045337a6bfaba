#define TWICE(x) ((x) * 2)
#define NAME "nm"
#ifdef NAME
BEGIN { printf("%d %s\n", TWICE(3 + 1), NAME); exit(0); }
#else
BEGIN { exit(1); }
#endif

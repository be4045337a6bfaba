#define A 1
#if defined(A) && (A + 1 == 2)
BEGIN { printf("yes\n"); }
#elif defined(B)
BEGIN { printf("b\n"); }
#else
BEGIN { printf("no\n"); }
#endif
#undef A
#ifdef A
BEGIN { printf("still\n"); }
#endif
BEGIN { exit(0); }

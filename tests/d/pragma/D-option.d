#if VALUE > 10
BEGIN { printf("%d\n", VALUE); exit(0); }
#endif

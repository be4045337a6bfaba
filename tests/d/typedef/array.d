typedef char name_t[8]; name_t n;
BEGIN { n = "abcdefghij"; printf("%s %d\n", n, sizeof (n)); exit(0); }

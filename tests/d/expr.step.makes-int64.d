/* A variable that begins with ++ is an int64_t. */
BEGIN { n++; printf("%d %d\n", n, sizeof (n)); exit(0); }

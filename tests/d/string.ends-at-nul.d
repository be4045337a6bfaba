/* A string ends at its first NUL. */
BEGIN { s = "ab\0cd"; printf("%s %d\n", s, strlen(s)); exit(0); }

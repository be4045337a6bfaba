/* A string is true unless it is empty. */
BEGIN { s = "x"; e = ""; printf("%d %d %d\n", s && 1, e || 0, !e); exit(0); }

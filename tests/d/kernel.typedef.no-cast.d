/* A variable in parentheses is no type. */
BEGIN { u = 7; v = 2; printf("%d %d %d\n", (u) - v, (u) * v, (u) & v); exit(0); }

/* A cast binds like a unary operator. */
BEGIN { printf("%d %d\n", (char)256 + 1, (char)(256 + 1)); exit(0); }

/* Each escape of C is the character that ASCII gives it. */
BEGIN { printf("%d %d %d %d %d %d %d\n", '\a', '\b', '\f', '\n', '\r', '\t', '\v'); exit(0); }

/* && before ^^ before ||. */
BEGIN { printf("%d %d\n", 1 || 1 ^^ 1, 1 ^^ 1 && 0); exit(0); }

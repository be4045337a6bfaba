/* A decimal constant has the first of int and long that holds it. */
BEGIN { printf("%d %d %d\n", sizeof (1), sizeof (2147483647), sizeof (2147483648)); exit(0); }

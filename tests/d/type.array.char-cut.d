/* What is assigned from a string ends with a NUL in the array. */
char c[4];
BEGIN { c = "abcdef"; printf("%s %d\n", c, c[3]); exit(0); }

/* All strings are one type: of strsize bytes. */
BEGIN { s = "abc"; printf("%d %d %d\n", sizeof (string), sizeof (s), sizeof ("x")); exit(0); }

/* The string is looked at after its index was computed. */
BEGIN { s = "abc"; printf("%c %s\n", s[(s = "lmn", 1)], s); exit(0); }

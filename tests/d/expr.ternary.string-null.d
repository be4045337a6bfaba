/* NULL beside a string is the empty one. */
BEGIN { x = 0; s = x ? "yes" : NULL; printf("[%s]\n", s); exit(0); }

/* An octal escape has at most three digits; the fourth is a character of its own. */
BEGIN { printf("%s|%s\n", "\1011", "\0411"); exit(0); }

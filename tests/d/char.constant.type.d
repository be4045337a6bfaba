/* A character constant is an int. */
BEGIN { printf("%d %d\n", sizeof ('a'), sizeof ('ab')); exit(0); }

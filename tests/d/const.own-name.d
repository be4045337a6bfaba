/* A program may give such a name to something of its own. */
BEGIN { AF_INET = 5; printf("%d\n", AF_INET); exit(0); }

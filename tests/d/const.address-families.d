BEGIN { printf("%d %d %d\n", AF_UNIX, AF_INET, AF_INET6); exit(0); }

BEGIN { printf("%d\n", $1 == execname); exit(0); }

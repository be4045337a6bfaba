BEGIN { printf("%d %s %d\n", $1, $$1, strlen($$1)); exit(0); }

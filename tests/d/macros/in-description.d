dtrace:::$1 { printf("%s\n", $$1); exit(0); }

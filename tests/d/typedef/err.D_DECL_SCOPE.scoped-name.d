typedef int mod`foo_t;
BEGIN { exit(0); }

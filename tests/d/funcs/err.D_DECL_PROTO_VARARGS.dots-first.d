int (*f)(...);
BEGIN { exit(0); }

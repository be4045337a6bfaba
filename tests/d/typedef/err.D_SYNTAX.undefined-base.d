typedef nosuch foo_t;
BEGIN { exit(0); }

typedef int foo_t = 1;
BEGIN { exit(0); }

typedef int foo_t; int foo_t x;
BEGIN { exit(0); }

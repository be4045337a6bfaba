typedef int foo_t;
typedef int foo_t;
BEGIN { exit(0); }

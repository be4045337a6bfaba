int foo;
typedef int foo;
BEGIN { exit(0); }

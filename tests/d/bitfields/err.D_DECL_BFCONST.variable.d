int n;
struct s { int a : n; };
BEGIN { exit(0); }

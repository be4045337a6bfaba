struct s { int a;
struct s again; };
BEGIN { exit(0); }

struct t { int a; };
struct s { struct t a : 3; };
BEGIN { exit(0); }

struct s { int a; };
struct s v;
BEGIN { v.a = 1; x = 1 ? v : 1; }

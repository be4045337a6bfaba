struct s { int a; };
struct t { int a; };
struct s v;
BEGIN { v.a = 1; trace(((struct t)v).a); }

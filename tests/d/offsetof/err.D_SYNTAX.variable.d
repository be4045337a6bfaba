struct s { int a; };
struct s v;
BEGIN { trace(offsetof(v, a)); }

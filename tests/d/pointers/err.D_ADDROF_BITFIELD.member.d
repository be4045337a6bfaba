struct s { int b : 3; }; struct s v; BEGIN { x = &v.b; }

struct s { int a; int b; };
struct s v;
BEGIN { v.a = 5; print(v); setopt("printsize", "4"); }
BEGIN { print(v); exit(0); }

struct in { int a; };
struct out { int b; };
translator struct out < struct in *i > { b = i->a; };
translator struct out < struct in *i > { b = i->a; };
BEGIN { exit(0); }

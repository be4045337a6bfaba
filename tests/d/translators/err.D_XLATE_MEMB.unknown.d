struct in { int a; };
struct out { int b; };
translator struct out < struct in *i > { c = i->a; };
BEGIN { exit(0); }

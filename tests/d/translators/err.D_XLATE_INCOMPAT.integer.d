struct in { int a; };
struct out { int b; };
translator struct out < struct in *i > { b = "x"; };
BEGIN { exit(0); }

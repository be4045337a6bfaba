struct in { int a; };
struct out { int b; };
translator struct out < struct in *i > { b = nosuch; };
BEGIN { exit(0); }

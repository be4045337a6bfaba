struct in { int a; }; struct out { int b; };
translator struct out < struct in *i > { };
BEGIN { printf("ok\n"); exit(0); }

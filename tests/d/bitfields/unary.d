struct b { unsigned a : 3; }; struct b f;
BEGIN { f.a = 5; printf("%d %d %d\n", -f.a, ~f.a, f.a > -1); exit(0); }

struct b { unsigned a : 3; int c : 3; }; struct b f;
BEGIN { f.a = 5; f.c = -2; printf("%d %d\n", 1 ? f.a : -1, 0 ? f.a : f.c); exit(0); }

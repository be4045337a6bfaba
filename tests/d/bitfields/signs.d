struct b { int s : 3; unsigned u : 3; }; struct b f;
BEGIN { f.s = 5; f.u = 5; printf("%d %d\n", f.s, f.u); f.u = 9; f.s = -1; printf("%d %d\n", f.s, f.u); exit(0); }

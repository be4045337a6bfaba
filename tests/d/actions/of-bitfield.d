struct b { int a : 3; unsigned c : 5; }; struct b v;
BEGIN { v.a = -2; v.c = 17; trace(v.a); trace(" "); trace(v.c); exit(0); }

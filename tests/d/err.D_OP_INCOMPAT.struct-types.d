struct a { int x; }; struct b { int x; }; struct a v; struct b w;
BEGIN { v = w; }

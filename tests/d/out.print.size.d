struct a { int x; long y; }; struct a g; BEGIN { g.x = 1; g.y = 2; print(g); exit(0); }

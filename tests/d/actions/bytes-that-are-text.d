int a[2]; struct s { char x; int y; } v;
BEGIN { a[0] = 0x00434241; trace(a); trace("|"); v.x = 'x'; trace(v); trace("|"); a[1] = 1; trace(a); exit(0); }

struct b { unsigned char c; unsigned x : 8; unsigned short s; }; struct b f;
BEGIN { f.c = 255; f.x = 0; f.s = 65535; printf("%d %d %d %d\n", f.c, f.x, f.s, sizeof (f)); exit(0); }

short s; unsigned char c; 
BEGIN { s = 40000; c = 256 + 7; printf("%d %d\n", s, c); exit(0); }

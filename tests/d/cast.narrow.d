BEGIN { printf("%d %d %d %d\n", (char)300, (unsigned char)300, (short)70000, (unsigned short)70000); exit(0); }

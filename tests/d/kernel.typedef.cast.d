BEGIN { x = 300; printf("%d %d %d\n", (u8)x, (s16)-x, (u16)-1 > 0); exit(0); }

inline char C = 300; inline uint8_t U = -1; BEGIN { printf("%d %d %d\n", C, U, sizeof (C)); exit(0); }

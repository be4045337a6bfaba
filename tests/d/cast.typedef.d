typedef unsigned char byte;
BEGIN { printf("%d %d\n", (byte)511, sizeof ((byte)1)); exit(0); }

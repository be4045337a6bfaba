BEGIN { printf("%d %d %d %d %d %d\n", sizeof (2147483647), sizeof (2147483648), sizeof (0xffffffff), sizeof (0x100000000), sizeof (4294967295), sizeof (037777777777)); exit(0); }

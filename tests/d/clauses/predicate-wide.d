BEGIN /0x100000000/ { printf("wide\n"); exit(0); }

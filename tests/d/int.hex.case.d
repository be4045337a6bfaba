BEGIN { printf("%d %d %d\n", 0xFf, 0XFF, 0xff); exit(0); }

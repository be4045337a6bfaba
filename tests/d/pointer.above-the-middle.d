/* Addresses have no sign. */
BEGIN { printf("%d\n", (char *)0xffff800000000000 > (char *)0x7fff00000000); exit(0); }

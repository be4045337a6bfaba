ipaddr_t *p;
BEGIN { p = alloca(sizeof (ipaddr_t)); *p = htonl(0xc0a80102); printf("%s ", inet_ntoa(p)); *p = 0xffffffff; printf("%s ", inet_ntoa(p)); *p = 0; printf("%s\n", inet_ntoa(p)); exit(0); }

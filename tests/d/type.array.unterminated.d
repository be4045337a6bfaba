struct { char c[4]; int after; } x; BEGIN { x.c[0] = 'a'; x.c[1] = 'b'; x.c[2] = 'c'; x.c[3] = 'd'; x.after = -1; printf("%s %d\n", x.c, strlen(x.c)); exit(0); }

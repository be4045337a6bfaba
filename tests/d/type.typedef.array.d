typedef int triple[3];
triple t;
BEGIN { t[2] = 8; printf("%d %d\n", t[2], sizeof (triple)); exit(0); }

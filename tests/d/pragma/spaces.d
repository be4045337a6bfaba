#  pragma   D   option   strsize=8
BEGIN { s = "0123456789"; printf("%d\n", strlen(s)); exit(0); }

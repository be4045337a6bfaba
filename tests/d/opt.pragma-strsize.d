#pragma D option strsize=4
BEGIN { x = "abc"; printf("%d\n", strlen(x)); exit(0); }

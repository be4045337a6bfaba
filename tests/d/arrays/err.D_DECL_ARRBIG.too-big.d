char a[0xffffffffff];
BEGIN { exit(0); }

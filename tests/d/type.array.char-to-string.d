char c[8];
BEGIN { c = "xy"; s = stringof(c); c = "zz"; printf("%s %s\n", s, c); exit(0); }

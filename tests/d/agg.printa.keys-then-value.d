BEGIN { @["k", 7] = sum(3); printa("%s/%d/%@d\n", @); exit(0); }

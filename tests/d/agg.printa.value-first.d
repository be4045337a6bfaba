BEGIN { @["k", 7] = sum(3); printa("%@d %s %d\n", @); exit(0); }

BEGIN { @["k"] = sum(3); @["l"] = sum(4); printa("%@d\n", @); exit(0); }

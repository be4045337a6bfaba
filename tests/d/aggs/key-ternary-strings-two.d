BEGIN { x = 1; @[x ? "yes" : "no"] = sum(1); x = 0; @[x ? "yes" : "no"] = sum(5); printa("%s %@d\n", @); exit(0); }

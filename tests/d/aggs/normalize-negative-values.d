BEGIN { @["a"] = sum(-7); @["b"] = sum(7); normalize(@, 2); printa("%s %@d\n", @); exit(0); }

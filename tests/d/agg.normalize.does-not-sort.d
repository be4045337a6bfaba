BEGIN { @["a"] = sum(10); @["b"] = sum(19); normalize(@, 10); printa("%s %@d\n", @); exit(0); }

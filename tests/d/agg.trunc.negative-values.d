BEGIN { @["a"] = sum(-9); @["b"] = sum(-1); @["c"] = sum(-5); trunc(@, 1); printa("%s %@d\n", @); exit(0); }

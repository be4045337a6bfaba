BEGIN { @["a"] = sum(-5); @["b"] = sum(5); @["c"] = sum(0); trunc(@, -2); printa("%s %@d\n", @); exit(0); }

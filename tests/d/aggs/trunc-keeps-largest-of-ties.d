BEGIN { @["a"] = sum(1); @["b"] = sum(1); @["c"] = sum(1); trunc(@, 2); printa("%s\n", @); exit(0); }

BEGIN { n = 1; @["a"] = sum(1); @["b"] = sum(5); trunc(@, n); printa("%s\n", @); exit(0); }

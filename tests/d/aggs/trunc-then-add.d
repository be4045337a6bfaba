BEGIN { @["a"] = sum(1); @["b"] = sum(2); } BEGIN { trunc(@, 1); printa("%s %@d\n", @); exit(0); }

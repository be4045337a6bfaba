BEGIN { @["a"] = sum(1); @["b"] = sum(5); trunc(@, 10); printa("%s %@d\n", @); exit(0); }

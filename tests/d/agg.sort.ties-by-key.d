BEGIN { @["b"] = sum(1); @["c"] = sum(1); @["a"] = sum(1); printa("%s ", @); printf("\n"); exit(0); }

BEGIN { @["b"] = sum(1); @["B"] = sum(2); @["a"] = sum(3); printa("%s ", @); printf("\n"); exit(0); }

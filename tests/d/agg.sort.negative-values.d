BEGIN { @["a"] = sum(2); @["b"] = sum(-3); @["c"] = sum(0); printa("%s ", @); printf("\n"); exit(0); }

BEGIN { @["b", 3] = sum(1); @["a", 2] = sum(3); @["c", 1] = sum(2); printa("%s%d ", @); printf("\n"); exit(0); }

BEGIN { @["a"] = avg(10); @["a"] = avg(20); @["b"] = avg(16); printa("%s ", @); printf("\n"); exit(0); }

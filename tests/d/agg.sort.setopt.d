BEGIN { @["b"] = sum(1); @["a"] = sum(2); printa("%s ", @); setopt("aggsortkey"); } BEGIN { printa("%s\n", @); exit(0); }

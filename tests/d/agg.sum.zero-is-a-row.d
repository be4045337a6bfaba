BEGIN { @["a"] = sum(0); printa(@); exit(0); }

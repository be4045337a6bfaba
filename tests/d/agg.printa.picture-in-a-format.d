BEGIN { @["k"] = quantize(5); printa("%s:%@d.\n", @); exit(0); }

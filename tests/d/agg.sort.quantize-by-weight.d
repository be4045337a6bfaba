BEGIN { @["a"] = quantize(100); @["b"] = quantize(1); @["b"] = quantize(1); printa("%s%@d", @); exit(0); }

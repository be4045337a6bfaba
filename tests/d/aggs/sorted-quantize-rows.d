BEGIN { @["a"] = quantize(9); @["a"] = quantize(9); @["b"] = quantize(1); exit(0); }

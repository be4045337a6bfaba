BEGIN { w = 3; @ = quantize(4, w); w = 2; @ = quantize(4, w); exit(0); }

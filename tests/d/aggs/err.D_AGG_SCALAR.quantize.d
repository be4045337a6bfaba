BEGIN { @ = quantize("x"); }

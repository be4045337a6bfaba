BEGIN { @ = lquantize("x", 0, 10); }

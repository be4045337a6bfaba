BEGIN { @ = llquantize("x", 10, 0, 3, 10); }

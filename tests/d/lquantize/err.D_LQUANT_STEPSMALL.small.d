BEGIN { @ = lquantize(1, 0, 0x7fffffff, 1); }

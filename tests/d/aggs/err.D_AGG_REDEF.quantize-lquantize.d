BEGIN { @ = quantize(1); @ = lquantize(1, 0, 10); }

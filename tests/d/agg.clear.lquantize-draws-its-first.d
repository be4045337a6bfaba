BEGIN { @ = lquantize(5, 0, 10, 1); clear(@); printa(@); exit(0); }

BEGIN { @ = lquantize(4, 0, 10, 5, 3); @ = lquantize(7, 0, 10, 5, 1); exit(0); }

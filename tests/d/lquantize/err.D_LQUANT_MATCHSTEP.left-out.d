BEGIN { @ = lquantize(1, 0, 10, 2); }
END { @ = lquantize(1, 0, 10); }

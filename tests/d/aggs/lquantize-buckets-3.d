BEGIN { @ = lquantize(8, 0, 10, 3); }
BEGIN { @ = lquantize(9, 0, 10, 3); }
BEGIN { @ = lquantize(10, 0, 10, 3); }
BEGIN { @ = lquantize(0, 0, 10, 3); }
BEGIN { exit(0); }

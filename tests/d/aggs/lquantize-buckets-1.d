BEGIN { @ = lquantize(-10, -10, 10, 5); }
BEGIN { @ = lquantize(-6, -10, 10, 5); }
BEGIN { @ = lquantize(-5, -10, 10, 5); }
BEGIN { @ = lquantize(0, -10, 10, 5); }
BEGIN { @ = lquantize(9, -10, 10, 5); }
BEGIN { @ = lquantize(10, -10, 10, 5); }
BEGIN { @ = lquantize(-11, -10, 10, 5); }
BEGIN { exit(0); }

BEGIN { @ = lquantize(-1, -100, 0, 50); }
BEGIN { @ = lquantize(-100, -100, 0, 50); }
BEGIN { @ = lquantize(7, -100, 0, 50); }
BEGIN { exit(0); }

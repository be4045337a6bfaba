BEGIN { @ = lquantize(10, 10, 1000, 100); }
BEGIN { @ = lquantize(109, 10, 1000, 100); }
BEGIN { @ = lquantize(110, 10, 1000, 100); }
BEGIN { @ = lquantize(909, 10, 1000, 100); }
BEGIN { @ = lquantize(910, 10, 1000, 100); }
BEGIN { @ = lquantize(999, 10, 1000, 100); }
BEGIN { exit(0); }

BEGIN { @ = quantize(1); }
BEGIN { @ = quantize(1); }
BEGIN { @ = quantize(2); }
BEGIN { @ = quantize(3); }
BEGIN { @ = quantize(4); }
BEGIN { @ = quantize(7); }
BEGIN { @ = quantize(8); }
BEGIN { @ = quantize(15); }
BEGIN { @ = quantize(16); }
BEGIN { @ = quantize(31); }
BEGIN { @ = quantize(32); }
BEGIN { @ = quantize(1000); }
BEGIN { @ = quantize(1023); }
BEGIN { @ = quantize(1024); }
BEGIN { exit(0); }

BEGIN { @ = quantize(5); }
BEGIN { @ = quantize(5); }
BEGIN { @ = quantize(5); }
BEGIN { @ = quantize(9); }
BEGIN { @ = quantize(9); }
BEGIN { @ = quantize(9); }
BEGIN { @ = quantize(9); }
BEGIN { exit(0); }

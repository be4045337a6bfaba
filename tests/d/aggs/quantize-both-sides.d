BEGIN { @ = quantize(-1); }
BEGIN { @ = quantize(-2); }
BEGIN { @ = quantize(-3); }
BEGIN { @ = quantize(-4); }
BEGIN { @ = quantize(-5); }
BEGIN { @ = quantize(0); }
BEGIN { @ = quantize(0); }
BEGIN { @ = quantize(3); }
BEGIN { exit(0); }

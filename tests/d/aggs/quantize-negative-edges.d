BEGIN { @ = quantize(-1024); }
BEGIN { @ = quantize(-1023); }
BEGIN { @ = quantize(-1); }
BEGIN { exit(0); }

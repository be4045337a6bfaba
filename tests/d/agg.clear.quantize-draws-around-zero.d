BEGIN { @ = quantize(50); clear(@); printa(@); exit(0); }

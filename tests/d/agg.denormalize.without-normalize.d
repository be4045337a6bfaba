BEGIN { @ = sum(100); denormalize(@); printa("%@d\n", @); exit(0); }

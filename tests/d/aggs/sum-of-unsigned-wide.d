BEGIN { @ = sum(0xffffffffffffffff); @ = sum(2); printa("%@u %@d\n", @); exit(0); }

BEGIN { @ = min(0xffffffffffffffff); @ = min(2); @b = max(-1U); printa("%@d\n", @); printa("%@d\n", @b); exit(0); }

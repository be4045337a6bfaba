BEGIN { @ = sum(3); printa("%@d %@d\n", @); exit(0); }

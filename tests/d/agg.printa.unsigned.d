BEGIN { @ = sum(-1); printa("%@u %@d\n", @); exit(0); }

BEGIN { @ = sum(2999); normalize(@, 1000); printa("%@d\n", @); exit(0); }

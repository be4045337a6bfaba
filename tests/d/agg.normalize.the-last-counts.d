BEGIN { @ = sum(100); normalize(@, 10); normalize(@, 5); printa("%@d\n", @); exit(0); }

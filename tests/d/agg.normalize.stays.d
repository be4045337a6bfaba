BEGIN { @ = sum(100); normalize(@, 10); printa("%@d ", @); printa("%@d\n", @); exit(0); }

BEGIN { @ = stddev(10); @ = stddev(50); normalize(@, 10); printa("%@d\n", @); exit(0); }

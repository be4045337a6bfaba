BEGIN { @ = avg(10); @ = avg(21); normalize(@, 10); printa("%@d\n", @); exit(0); }

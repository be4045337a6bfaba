BEGIN { x = 4; @ = sum(100); normalize(@, x * 5); printa("%@d\n", @); exit(0); }

BEGIN { @ = sum(50); printa("%@d%%\n", @); exit(0); }

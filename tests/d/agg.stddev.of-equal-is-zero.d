BEGIN { @ = stddev(7); @ = stddev(7); printa(@); exit(0); }

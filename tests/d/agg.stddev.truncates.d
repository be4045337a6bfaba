BEGIN { @ = stddev(1); @ = stddev(4); printa(@); exit(0); }

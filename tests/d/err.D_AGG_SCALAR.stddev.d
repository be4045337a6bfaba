BEGIN { @ = stddev("x"); exit(0); }

BEGIN { @ = stddev("x"); }

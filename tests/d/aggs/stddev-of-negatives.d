BEGIN { @ = stddev(-10); @ = stddev(-20); @ = stddev(-30); @ = stddev(-40); exit(0); }

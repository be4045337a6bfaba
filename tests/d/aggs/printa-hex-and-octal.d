BEGIN { @ = sum(255); printa("%@x %@X %@o %@u %@i\n", @); exit(0); }

BEGIN { @ = sum(42); printa("[%@6d][%-@6d][%@06d][%@+d]\n", @); exit(0); }

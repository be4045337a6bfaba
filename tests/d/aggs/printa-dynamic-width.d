BEGIN { @[6, 42] = sum(7); printa("[%*d] %@d\n", @); exit(0); }

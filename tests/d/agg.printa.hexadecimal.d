BEGIN { @[255] = sum(255); printa("%x %@x %#@x\n", @); exit(0); }

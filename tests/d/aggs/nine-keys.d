BEGIN { @[1, 2, 3, 4, 5, 6, 7, 8, 9] = sum(10); printa("%d%d%d%d%d%d%d%d%d %@d\n", @); exit(0); }

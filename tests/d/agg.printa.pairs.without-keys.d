BEGIN { @a = sum(1); @b = sum(2); printa("%@d %@d\n", @a, @b); exit(0); }

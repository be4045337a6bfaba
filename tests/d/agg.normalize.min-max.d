BEGIN { @a = min(55); @b = max(55); normalize(@a, 10); normalize(@b, 7); printa("%@d %@d\n", @a, @b); exit(0); }

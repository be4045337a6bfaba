BEGIN { @a = count(); @b = count(); clear(@a); printa("%@d %@d\n", @a, @b); exit(0); }

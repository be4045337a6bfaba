BEGIN { @a["x"] = sum(10); @b["x"] = sum(10); normalize(@a, 5); printa("%s %@d %@d\n", @a, @b); exit(0); }

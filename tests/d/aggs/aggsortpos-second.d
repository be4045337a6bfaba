BEGIN { @a["x"] = sum(1); @a["y"] = sum(2); @b["x"] = sum(9); @b["y"] = sum(4); printa("%s %@d %@d\n", @a, @b); exit(0); }

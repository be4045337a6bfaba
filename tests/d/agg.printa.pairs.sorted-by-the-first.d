BEGIN { @a["x"] = sum(2); @b["x"] = sum(1); @a["y"] = sum(1); @b["y"] = sum(9); printa("%s %@d %@d\n", @a, @b); exit(0); }

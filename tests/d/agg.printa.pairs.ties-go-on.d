BEGIN { @a["x"] = sum(1); @b["x"] = sum(2); @a["y"] = sum(1); @b["y"] = sum(1); printa("%s %@d %@d\n", @a, @b); exit(0); }

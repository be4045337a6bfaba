BEGIN { @a["x"] = sum(1); @b["x"] = sum(2); printa("%s %@d/%@d\n", @a, @b); exit(0); }

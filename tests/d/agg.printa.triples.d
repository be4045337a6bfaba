BEGIN { @a["x"] = sum(1); @b["x"] = sum(2); @c["x"] = max(3); printa(@a, @b, @c); exit(0); }

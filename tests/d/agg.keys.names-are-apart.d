BEGIN { @a["x"] = count(); @b["x"] = sum(5); printa("%@d ", @a); printa("%@d\n", @b); exit(0); }

BEGIN { @a["x"] = count(); @b["x"] = quantize(2); printa("%s %@d%@d", @a, @b); exit(0); }

BEGIN { @a["x"] = count(); @b["y"] = sum(7); printa("%s!\n", @a); exit(0); }

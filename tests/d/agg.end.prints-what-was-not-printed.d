BEGIN { @a["p"] = count(); @b["q"] = sum(2); printa("%s\n", @a); exit(0); }

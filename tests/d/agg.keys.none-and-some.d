BEGIN { @a = count(); @b["x"] = count(); printa(@a); printa(@b); exit(0); }

BEGIN { @["x"] = sum(4); exit(0); } END { printa("%s=%@d\n", @); clear(@); }

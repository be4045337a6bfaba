BEGIN { @["a"] = count(); @["b"] = count(); trunc(@); printa(@); printf("-\n"); exit(0); }

BEGIN { @["a"] = count(); trunc(@, 0); printa("%s\n", @); printf("-\n"); exit(0); }

BEGIN { x = 2; @[x * 3, strjoin("a", "b")] = count(); printa(@); exit(0); }

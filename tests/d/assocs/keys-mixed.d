BEGIN { a["x", 1, 'c'] = 1; a["x", 1, 'd'] = 2; printf("%d %d %d\n", a["x", 1, 'c'], a["x", 1, 'd'], a["y", 1, 'c']); exit(0); }

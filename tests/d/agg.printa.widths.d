BEGIN { @["k"] = sum(3); printa("[%5s][%@5d][%-@5d]\n", @); exit(0); }
